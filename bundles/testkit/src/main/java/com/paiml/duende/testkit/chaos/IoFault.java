package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * System calls of the targets' processes fail with the error of a broken or full disk, without having been carried out: done by
 * strace(1), which attaches to what runs. When it ends, however it ends, the kernel lets its processes go on as they were.
 */
final class IoFault implements Fault {
  private static final List<String> ERRORS = List.of("EIO", "ENOSPC", "EDQUOT", "EROFS");

  /** By what is read and written; a question mark lets those pass that this architecture has not. */
  private static final Map<String, String> CALLS =
      Map.of(
          "write",
          "write,pwrite64,writev,pwritev,?pwritev2,fallocate,ftruncate,copy_file_range,fsync,fdatasync",
          "read",
          "read,pread64,readv,preadv,?preadv2");

  @Override
  public String name() {
    return "io";
  }

  @Override
  public String needs() {
    return "error=EIO (or ENOSPC, EDQUOT, EROFS) on=write (or read) every=1 file=PATH: system calls"
        + " fail with that error, all, one of so many, or those on that file only; needs"
        + " strace 4.17 and processes on this machine that may be traced";
  }

  @Override
  public Injection inject(ChaosScene scene) throws DaemonException, InterruptedException {
    Parameters given = scene.parameters();
    given.only("error", "on", "every", "file");
    String error = given.text("error").orElse("EIO");
    if (!ERRORS.contains(error)) {
      throw given.wrong(
          "error", "\"" + error + "\" is none of " + String.join(", ", ERRORS), "say error=EIO");
    }
    String on = given.text("on").orElse("write");
    String calls = CALLS.get(on);
    if (calls == null) {
      throw given.wrong("on", "\"" + on + "\" is neither write nor read", "say on=write");
    }
    int every = given.number("every", 1, 1, 1_000_000);
    String file = given.text("file").orElse("");
    if (!file.isEmpty() && !Path.of(file).isAbsolute()) {
      throw given.wrong("file", "\"" + file + "\" is not absolute", "say file=/path/of/it");
    }
    String strace = Tools.need("strace", name(), "strace");
    Guard guard =
        Guard.start(
            Guard.IO,
            scene.plan().duration(),
            calls,
            "inject=" + calls + ":error=" + error + (every > 1 ? ":when=1+" + every : ""),
            file,
            strace);
    try {
      for (String target : scene.targets()) {
        String main = Processes.main(scene.manager(), target);
        int count = 0;
        for (String item : Processes.tree(main)) {
          try {
            guard.inject(item);
            count++;
          } catch (DaemonException e) {
            // A child may have ended since it was seen.
            if (item.equals(main) || Processes.isThere(item)) {
              throw e;
            }
          }
        }
        scene.note(
            target
                + ": "
                + error
                + " for "
                + (every > 1 ? "one of " + every + " calls to " : "each call to ")
                + on
                + (file.isEmpty() ? "" : " " + file)
                + ", in "
                + count
                + " process(es) and their children");
      }
      return guard::close;
    } catch (DaemonException | InterruptedException e) {
      guard.close();
      throw e;
    }
  }
}
