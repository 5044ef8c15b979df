/**
 * The command at the OS prompt. Knows no command: it says the command line to the container over its control socket, and
 * lends it standard streams, files and terminal. Runs for a moment only, so that nothing here uses what makes a JVM start
 * slowly (lambdas, streams, regular expressions, formatting).
 *
 * <p>System properties, set by {@code bin/duende}: {@code duende.home}, {@code duende.data}; {@code duende.scope};
 * {@code duende.terminals}, three digits, 1 where standard input, output, error is a terminal; {@code duende.window}, rows and
 * columns of the terminal.
 */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.client;
