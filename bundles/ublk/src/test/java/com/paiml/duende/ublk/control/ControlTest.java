package com.paiml.duende.ublk.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ControlTest {
  @Test
  void without_ublk_it_is_said_what_to_do() {
    assumeTrue(!Files.exists(Path.of(Control.PATH)), "this machine has ublk");
    assertEquals(ErrorCode.NOT_SUPPORTED, Control.missing().orElseThrow().code());
    assertTrue(Control.missing().orElseThrow().getMessage().contains("modprobe ublk_drv"));
  }

  @Test
  void a_mark_is_read_back_and_a_strangers_is_not() {
    ServerMark mark = new ServerMark(4_194_303, 4_000_000, 200);
    assertEquals(Optional.of(mark), ServerMark.of(mark.bits()));
    assertEquals(Optional.empty(), ServerMark.of(0));
    assertEquals(Optional.empty(), ServerMark.of(1L << 52));
  }

  @Test
  void features_are_those_bits() {
    Set<Feature> features = Feature.of(0x1fe);
    assertEquals(0x1fe, Feature.bits(features));
    assertTrue(features.contains(Feature.USER_RECOVERY_REISSUE));
    assertEquals(1L << 12, Feature.QUIESCE.bit());
  }
}
