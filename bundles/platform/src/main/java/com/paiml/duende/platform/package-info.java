/** Tells where Duende runs, and what speaks for it. Informs; a daemon file chooses its platform. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.platform;
