/**
 * What is said over the control socket. The client has a copy of these classes, so that both sides agree.
 *
 * <p>A conversation is one command. The client says hello with everything that the command line was; the server answers
 * with output, asks for standard input and files when the command wants them, and ends with the exit status. Each side
 * sends frames: one byte of kind, three of length, then so many bytes.
 */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.shell.wire;
