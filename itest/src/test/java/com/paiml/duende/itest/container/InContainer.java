package com.paiml.duende.itest.container;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Every {@code @Test} of the class runs inside an OSGi container with the distribution's bundles, one container for the class.
 *
 * <p>The class is loaded there by the probe bundle: its fields annotated with {@code javax.inject.Inject} are services and the
 * probe's {@code BundleContext}, its {@code @BeforeEach} and {@code @AfterEach} methods run there too, and failures and
 * assumptions come back unchanged. {@code @BeforeAll} runs outside, before the container. A public static method annotated with
 * Pax Exam's {@code @Configuration} adds options. What needs JUnit's own machinery inside (parameters, templates) is refused.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(PaxExamExtension.class)
public @interface InContainer {}
