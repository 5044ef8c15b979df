/** The commands of the scope pepita. */
@NullMarked
package com.paiml.duende.adapter.pepita.command;

import org.jspecify.annotations.NullMarked;
