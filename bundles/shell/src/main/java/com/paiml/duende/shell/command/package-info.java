/** The commands of the scope {@code duende}, one class for each. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.shell.command;
