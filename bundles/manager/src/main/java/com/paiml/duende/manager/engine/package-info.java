/** The engine: carries out what lives and tree decide, with threads, clock, adapters and journal. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.manager.engine;
