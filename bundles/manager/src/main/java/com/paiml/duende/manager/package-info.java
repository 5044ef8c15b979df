/** The manager: the component behind {@code DaemonManager}, and the seams between its parts. Exports nothing. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.manager;
