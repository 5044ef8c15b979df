package com.paiml.duende.api;

/** The adapter of a platform left while one of its daemons was being worked on; its daemons go on, unobserved. */
public final class AdapterGone extends DaemonException {
  private static final long serialVersionUID = 1L;

  public AdapterGone(String platform, String thing) {
    super(
        ErrorCode.ADAPTER_GONE,
        thing,
        "the adapter of platform \"" + platform + "\" is gone",
        "install or start its bundle again; the daemon is then taken up where it is");
  }
}
