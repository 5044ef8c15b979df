package com.paiml.duende.falsification;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A class of attempts. Its tests are named by the claim that they attack, {@code f001_…}, take an {@link Attempt}, and tell it
 * what they measured; one that ends without having done so fails. A claim has one attempt, or one for each adapter: those are
 * in classes that say {@link #on}, and the claim's verdict is the worst of theirs.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("falsification")
@ExtendWith(FalsificationExtension.class)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Timeout(value = 15, unit = TimeUnit.MINUTES)
@interface Falsification {
  /** The adapter that its attempts are about, where a claim is made of every one; empty where it is made once. */
  String on() default "";
}
