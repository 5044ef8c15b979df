/** A recorded launchd, for machines that are no Mac. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.lab.launchd;
