package com.paiml.duende.linux.kernel;

import java.util.Locale;
import java.util.Optional;

/**
 * The processor architectures whose system call numbers and struct layouts this bundle knows.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/syscall.2.html">syscall(2)</a>
 */
public enum Architecture {
  /** AMD64, in the kernel's words {@code x86_64}; audit number from {@code linux/audit.h}. */
  X86_64("x86_64", 0xC000003E),
  /** 64-bit Arm, little endian. */
  AARCH64("aarch64", 0xC00000B7);

  private final String kernelName;
  private final int auditNumber;

  Architecture(String kernelName, int auditNumber) {
    this.kernelName = kernelName;
    this.auditNumber = auditNumber;
  }

  /** The name as {@code uname -m} prints it. */
  public String kernelName() {
    return kernelName;
  }

  /** {@code AUDIT_ARCH_*} of {@code linux/audit.h}: what a seccomp filter sees as the architecture. */
  public int auditNumber() {
    return auditNumber;
  }

  /** The architecture for a value of the system property {@code os.arch}, empty when it is neither. */
  public static Optional<Architecture> of(String osArch) {
    return switch (osArch.toLowerCase(Locale.ROOT)) {
      case "amd64", "x86_64", "x86-64" -> Optional.of(X86_64);
      case "aarch64", "arm64" -> Optional.of(AARCH64);
      default -> Optional.empty();
    };
  }
}
