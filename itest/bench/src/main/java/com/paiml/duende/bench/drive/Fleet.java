package com.paiml.duende.bench.drive;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Daemons of several sorts and natures, as files of one container. */
public final class Fleet {
  /**
   * One of them.
   *
   * @param name of the daemon
   * @param sort how it is run
   * @param nature what becomes of it
   */
  public record Member(String name, Sort sort, Nature nature) {}

  private final Installed duende;
  private final Map<String, Member> members = new TreeMap<>();

  public Fleet(Installed duende) {
    this.duende = duende;
  }

  /** Writes so many files of this kind into {@code etc/daemons}. */
  public List<Member> add(Sort sort, Nature nature, int count) throws IOException {
    List<Member> added = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      String name = sort.name() + "-" + nature.name().toLowerCase(java.util.Locale.ROOT) + "-" + i;
      Member member = new Member(name, sort, nature);
      Path _ = duende.daemonFile(name, sort.file(name, nature));
      members.put(name, member);
      added.add(member);
    }
    return added;
  }

  public Installed container() {
    return duende;
  }

  public List<Member> members() {
    return List.copyOf(members.values());
  }

  public List<Member> members(Nature nature) {
    return members.values().stream().filter(m -> m.nature() == nature).toList();
  }

  public Optional<Member> member(String name) {
    return Optional.ofNullable(members.get(name));
  }
}
