/** What daemons counted in the last minutes. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.metrics.history;
