package com.paiml.duende.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LinuxTest {
  @Test
  void anotherSystemIsToldApartWithTheReason() {
    var answer = assertInstanceOf(Linux.NotHere.class, Linux.detect("Mac OS X", "aarch64"));
    assertTrue(answer.reason().contains("Mac OS X"), answer.reason());
  }

  @Test
  void featuresAreFoundByTryingAndTheAbsentOnesSayWhy() throws Exception {
    var features = Here.linux().features();
    assertTrue(features.size() > 8, features::toString);
    for (var feature : features) {
      assertTrue(!feature.detail().isBlank(), feature::toString);
      System.out.println(
          (feature.present() ? "present: " : "absent: ")
              + feature.name()
              + ", "
              + feature.detail());
    }
  }

  @Test
  void anySystemCallMayBeMadeByNumber() throws Exception {
    var linux = Here.linux();
    int getpid = linux.systemCalls().number("getpid").orElseThrow();
    assertEquals(ProcessHandle.current().pid(), linux.rawCalls().call(getpid, 0, 0, 0));
    int close = linux.systemCalls().number("close").orElseThrow();
    assertEquals(-9, linux.rawCalls().call(close, -1, 0, 0));
  }

  @Test
  void anUnknownProcessorIsNamed() {
    var answer = assertInstanceOf(Linux.NotHere.class, Linux.detect("Linux", "riscv64"));
    assertTrue(answer.reason().contains("riscv64"), answer.reason());
  }

  @Test
  void whatWasDetectedIsThisMachine() {
    var linux = Here.linux();
    assertTrue(
        com.paiml.duende.linux.kernel.Architecture.of(System.getProperty("os.arch"))
            .filter(linux.architecture()::equals)
            .isPresent());
  }
}
