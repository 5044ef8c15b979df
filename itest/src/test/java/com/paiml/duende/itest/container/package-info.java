/**
 * Pax Exam under JUnit 5: a test class annotated with {@link com.paiml.duende.itest.container.InContainer} runs inside a Felix
 * that has the distribution's bundles.
 */
@NullMarked
package com.paiml.duende.itest.container;

import org.jspecify.annotations.NullMarked;
