package com.paiml.duende.harness;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test class whose methods are given a {@link Duende}: a container of their own, one for each test, that ends with the test
 * and leaves nothing.
 *
 * <pre>{@code
 * @DuendeTest
 * class CounterTest {
 *   @Test
 *   void counts(Duende duende) throws Exception {
 *     duende.run(new Counter()).awaitLine("Counter: 2");
 *   }
 * }
 * }</pre>
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(DuendeExtension.class)
public @interface DuendeTest {
  /**
   * The platform of what the test runs, where its configuration names none. Tests are skipped, with the adapter's own reason,
   * where it is not.
   */
  String platform() default "native";
}
