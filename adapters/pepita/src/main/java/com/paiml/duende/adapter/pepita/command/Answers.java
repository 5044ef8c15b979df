package com.paiml.duende.adapter.pepita.command;

import com.paiml.duende.adapter.pepita.Vms;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Answers as people and as programs read them. */
final class Answers {
  private static final long MEBIBYTE = 1L << 20;

  private Answers() {}

  /** Rows in columns as wide as their widest word; the last is not filled up. */
  static String table(List<List<String>> rows) {
    List<Integer> widths = new ArrayList<>();
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        if (i == widths.size()) {
          widths.add(0);
        }
        widths.set(i, Math.max(widths.get(i), row.get(i).length()));
      }
    }
    return rows.stream().map(r -> line(r, widths)).collect(Collectors.joining("\n"));
  }

  private static String line(List<String> row, List<Integer> widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < row.size(); i++) {
      line.append(row.get(i));
      if (i < row.size() - 1) {
        line.append(" ".repeat(widths.get(i) - row.get(i).length() + 2));
      }
    }
    return line.toString();
  }

  static String mebibytes(long bytes) {
    return bytes / MEBIBYTE + " MiB";
  }

  /** What is shown of a machine, in order. */
  static Map<String, Object> of(Vms.Vm vm) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("machine", vm.machine());
    all.put("daemon", vm.daemon());
    all.put("state", vm.state());
    all.put("pid", vm.pid());
    all.put("vcpus", (long) vm.vcpus());
    all.put("memory", vm.memory());
    all.put("cid", vm.cid());
    all.put("monitor", vm.monitor());
    all.put("accelerator", vm.accelerated() ? "kvm" : "emulation");
    return all;
  }

  /** The machine of a daemon, by the daemon's name or its own. */
  static Vms.Vm find(Vms vms, String name) throws DaemonException {
    return vms.all().stream()
        .filter(v -> v.daemon().equals(name) || v.machine().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.NOT_FOUND,
                    name,
                    "has no machine that runs",
                    "\"pepita list\" shows those that there are"));
  }

  /** A machine's name stands for its daemon. */
  static String daemon(Vms vms, String name) {
    return vms.all().stream()
        .filter(v -> v.machine().equals(name))
        .map(Vms.Vm::daemon)
        .findFirst()
        .orElse(name);
  }
}
