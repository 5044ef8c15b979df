package com.paiml.duende.adapter.container.docker;

/**
 * A reference to an image, {@code [REGISTRY/]NAME[:TAG][@DIGEST]}.
 *
 * @param name with its registry, without tag and digest
 * @param tag {@code latest} when none is said and there is no digest
 * @param digest {@code sha256:…}; may be empty
 */
public record Reference(String name, String tag, String digest) {
  static final String HUB = "https://index.docker.io/v1/";

  public static Reference parse(String text) {
    int at = text.indexOf('@');
    String digest = at < 0 ? "" : text.substring(at + 1);
    String rest = at < 0 ? text : text.substring(0, at);
    int colon = rest.lastIndexOf(':');
    boolean tagged = colon > rest.lastIndexOf('/');
    String tag = tagged ? rest.substring(colon + 1) : digest.isEmpty() ? "latest" : "";
    return new Reference(tagged ? rest.substring(0, colon) : rest, tag, digest);
  }

  /** What to ask a registry for. */
  String tagOrDigest() {
    return digest.isEmpty() ? tag : digest;
  }

  /** The key under which credentials for its registry are kept. */
  public String registry() {
    int slash = name.indexOf('/');
    String first = slash < 0 ? "" : name.substring(0, slash);
    boolean isHost = first.contains(".") || first.contains(":") || first.equals("localhost");
    return !isHost || first.equals("docker.io") ? HUB : first;
  }

  /** As containerd wants it: with a registry and a tag. */
  public String normalized() {
    int slash = name.indexOf('/');
    String first = slash < 0 ? "" : name.substring(0, slash);
    boolean isHost = first.contains(".") || first.contains(":") || first.equals("localhost");
    String full = isHost ? name : slash < 0 ? "docker.io/library/" + name : "docker.io/" + name;
    return full + (tag.isEmpty() ? "" : ":" + tag) + (digest.isEmpty() ? "" : "@" + digest);
  }
}
