/** Searches for input that hurts, and keeps what they found. */
package com.paiml.duende.fuzz;
