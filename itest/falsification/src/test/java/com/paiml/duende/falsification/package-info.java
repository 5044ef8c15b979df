/**
 * Attempts to refute what the project claims of itself. Each claim has one test named by its id; each test measures, and what
 * it measured is published whether it pleases or not.
 */
@org.jspecify.annotations.NullUnmarked
package com.paiml.duende.falsification;
