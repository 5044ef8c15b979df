/** Ways to ask a daemon whether it is ready or healthy. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.manager.probe;
