package com.paiml.duende.adapter.process;

import com.paiml.duende.spi.TableSchema;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The table {@code [native]} of a daemon file.
 *
 * @param process whether a daemon class runs in a JVM of its own
 * @param ioFlusher whether I/O of the machine depends on it
 * @param platformThread whether a daemon object runs on a platform thread instead of a virtual one
 */
public record NativeTable(boolean process, boolean ioFlusher, boolean platformThread) {
  static final TableSchema SCHEMA =
      new TableSchema(
          NativeAdapter.NAME,
          List.of(
              TableSchema.Key.of(
                  "process",
                  TableSchema.Type.BOOLEAN,
                  "false",
                  "run a daemon class in a JVM of its own, which can be killed, paused and"
                      + " limited"),
              TableSchema.Key.of(
                  "jvm_flags",
                  TableSchema.Type.STRING_LIST,
                  "",
                  "flags of that JVM, in place of those for a small one (-XX:+UseSerialGC,"
                      + " -XX:TieredStopAtLevel=1)"),
              TableSchema.Key.of(
                  "io_flusher",
                  TableSchema.Type.BOOLEAN,
                  "false",
                  "for a program that serves a disk: the kernel never makes it wait for pages to be"
                      + " written, which it may have to write itself (PR_SET_IO_FLUSHER; root)"),
              new TableSchema.Key(
                  "thread",
                  TableSchema.Type.STRING,
                  "virtual",
                  Set.of("virtual", "platform"),
                  "what a daemon class in the container's JVM runs on; \"platform\" for one that"
                      + " computes without pause, so that it cannot starve the others")));

  public static NativeTable of(Map<String, Object> table) {
    return new NativeTable(
        Boolean.TRUE.equals(table.get("process")),
        Boolean.TRUE.equals(table.get("io_flusher")),
        "platform".equals(table.get("thread")));
  }
}
