package com.paiml.duende.falsification;

import com.paiml.duende.spi.PlatformDetector;

/** Says where it runs. Started inside containers, with the class path of the bundle that decides. */
final class Recognising {
  private Recognising() {}

  public static void main(String[] args) throws Exception {
    PlatformDetector detector =
        Class.forName("com.paiml.duende.platform.EvidenceDetector")
            .asSubclass(PlatformDetector.class)
            .getConstructor()
            .newInstance();
    System.out.println("platform=" + detector.detect().platform());
  }
}
