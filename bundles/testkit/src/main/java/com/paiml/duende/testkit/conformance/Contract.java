package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.api.DaemonException;
import org.junit.jupiter.api.function.Executable;

/** A part of the contract; its tests are default methods. */
interface Contract {
  /** What the test works with; one for each test. */
  Workbench bench();

  /** The call fails with the family's exception, which names a problem and a remedy. */
  @CanIgnoreReturnValue
  default DaemonException assertRefused(String what, Executable call) {
    DaemonException refusal = assertThrows(DaemonException.class, call, what);
    assertFalse(refusal.problem().isBlank(), () -> what + ": no problem named in " + refusal);
    assertFalse(refusal.remedy().isBlank(), () -> what + ": no remedy named in " + refusal);
    return refusal;
  }

  /** The whole tree is gone now. */
  default void assertGone(Run run) throws Exception {
    assertEquals(0, run.alive(), () -> "processes of " + run.spec().name() + " still alive");
  }
}
