/** Daemons as jobs of launchd. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.adapter.launchd;
