package com.paiml.duende.adapter.container.containerd;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReleaseTest {
  @ParameterizedTest
  @ValueSource(strings = {"v0.2.9", "1.2.14", "v1.2.0-rc.1"})
  void given_a_containerd_that_is_too_old_then_that_is_told_with_the_oldest_that_will_do(
      String version) {
    DaemonException old =
        assertThrows(DaemonException.class, () -> Release.refuseOld(version, "containerd"));
    assertEquals(ErrorCode.NOT_SUPPORTED, old.code());
    assertTrue(old.getMessage().contains(version) && old.getMessage().contains("1.3"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.3.0", "v1.6.20~ds1", "v2.1.4", "3f8c1de", ""})
  void given_one_that_will_do_then_nothing_is_said(String version) {
    assertDoesNotThrow(() -> Release.refuseOld(version, "containerd"));
  }
}
