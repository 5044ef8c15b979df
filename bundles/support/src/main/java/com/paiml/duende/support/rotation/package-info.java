/** Logs that programs write by themselves: one file that is appended to, rotated under its writer, and its archives. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.support.rotation;
