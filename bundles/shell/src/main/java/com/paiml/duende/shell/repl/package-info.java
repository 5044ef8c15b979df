/** {@code duende shell}: gogo, with line editing on a terminal and plainly elsewhere; and the command of a container of its own. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.shell.repl;
