/** Makes what other people's containers install Duende from. Part of the build, not of the product. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.features;
