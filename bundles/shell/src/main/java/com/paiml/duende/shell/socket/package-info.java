/** The control socket: accepts clients, checks who they are, and runs their commands. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.shell.socket;
