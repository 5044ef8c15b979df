/** What survives: which daemons there are, which are to run, and which runs there were. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.manager.journal;
