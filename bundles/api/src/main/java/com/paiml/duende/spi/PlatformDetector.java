package com.paiml.duende.spi;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Tells where Duende runs. Informs; the daemon file chooses. */
@ProviderType
public interface PlatformDetector {
  Detection detect();

  /**
   * @param platform {@code wos}, {@code pepita}, {@code container}, {@code systemd}, {@code launchd} or {@code native}
   * @param os {@code linux}, {@code macos}, …
   * @param architecture {@code x86_64}, {@code aarch64}, …
   * @param evidence everything that was looked at, in the order of the decision
   */
  record Detection(String platform, String os, String architecture, List<Evidence> evidence) {
    public Detection {
      evidence = List.copyOf(evidence);
    }
  }

  /**
   * @param platform what it would speak for
   * @param source what was looked at: a path, a variable
   * @param found what was there
   * @param speaksFor whether that decides for the platform
   */
  record Evidence(String platform, String source, String found, boolean speaksFor) {}
}
