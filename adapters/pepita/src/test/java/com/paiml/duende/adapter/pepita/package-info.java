@NullMarked
package com.paiml.duende.adapter.pepita;

import org.jspecify.annotations.NullMarked;
