package com.paiml.duende.linux;

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
