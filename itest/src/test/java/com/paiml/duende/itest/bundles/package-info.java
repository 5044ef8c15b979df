/** What holds for every bundle of the distribution, whichever it is. */
@NullMarked
package com.paiml.duende.itest.bundles;

import org.jspecify.annotations.NullMarked;
