/** What people outside of this repository do: builds of their own against what is published, containers of their own. */
@NullMarked
package com.paiml.duende.itest.outside;

import org.jspecify.annotations.NullMarked;
