/** Commands of the images that Duende itself needs. */
@NullMarked
package com.paiml.duende.adapter.container.command;

import org.jspecify.annotations.NullMarked;
