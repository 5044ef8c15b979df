/** What runs in the guest itself. */
@NullMarked
package com.paiml.duende.lab.guest.inside;

import org.jspecify.annotations.NullMarked;
