package com.paiml.duende.ublk.targets;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessorTest {
  private static final String COMMON = "flags\t\t: fpu sse2 ssse3 avx movbe abm bmi1 avx2";

  @Test
  void native_lz4_is_called_where_the_processor_has_all_that_it_is_compiled_for() {
    assertTrue(Processor.runsNativeLz4(List.of("processor\t: 0", COMMON + " bmi2 erms")));
  }

  @Test
  void and_not_where_one_of_it_is_missing() {
    assertFalse(Processor.runsNativeLz4(List.of("processor\t: 0", COMMON + " erms")));
    assertFalse(Processor.runsNativeLz4(List.of()));
  }
}
