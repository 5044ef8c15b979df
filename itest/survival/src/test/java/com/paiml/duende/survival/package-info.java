/** Nothing dies: the distribution as it is installed, killed and changed while its daemons run. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.survival;
