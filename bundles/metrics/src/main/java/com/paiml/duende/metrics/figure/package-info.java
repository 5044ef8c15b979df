/** What is exported, before it has a format. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.metrics.figure;
