package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.fs.Directory;
import com.paiml.duende.adapter.wos.fs.OpenFile;
import com.paiml.duende.adapter.wos.fs.RegularFile;
import com.paiml.duende.adapter.wos.fs.WaitQueue;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.api.DaemonException;
import java.io.ByteArrayOutputStream;
import java.util.concurrent.CompletableFuture;

/** Modules that processes start: found like any other file that they may read, compiled while others run. */
final class ModuleFiles {

  private static final int PIECE = 64 * 1024;
  private static final int FIRST_PREOPEN = 3;

  private ModuleFiles() {}

  static Image load(WasmProcess process, String path) throws Fault {
    byte[] bytes = read(process, path);
    CompletableFuture<Image> coming;
    try {
      coming = process.kernel().images().begin(path, bytes);
    } catch (DaemonException e) {
      throw new Fault(Errno.AGAIN);
    }
    WaitQueue done = new WaitQueue();
    var _ = coming.whenComplete((image, fault) -> done.wakeAll());
    process.await(done, coming::isDone);
    if (coming.isCompletedExceptionally()) {
      throw new Fault(Errno.NOEXEC);
    }
    return coming.join();
  }

  private static byte[] read(WasmProcess process, String path) throws Fault {
    OpenFile file = open(process, path);
    try {
      if (!(file instanceof RegularFile module)) {
        throw new Fault(Errno.ACCES);
      }
      if (module.size() > process.kernel().options().moduleSize()) {
        throw new Fault(Errno.FBIG);
      }
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      byte[] piece = new byte[PIECE];
      for (int n = module.pread(piece, 0, PIECE, 0);
          n > 0;
          n = module.pread(piece, 0, PIECE, all.size())) {
        all.write(piece, 0, n);
        if (all.size() > process.kernel().options().moduleSize()) {
          throw new Fault(Errno.FBIG);
        }
      }
      return all.toByteArray();
    } finally {
      file.release();
    }
  }

  /** A path is taken from the preopened directory whose name it begins with; one without, from the first. */
  private static OpenFile open(WasmProcess process, String path) throws Fault {
    for (int fd = FIRST_PREOPEN; ; fd++) {
      Directory directory;
      try {
        directory = process.descriptors().get(fd, Rights.PATH_OPEN, Directory.class, Errno.NOENT);
      } catch (Fault e) {
        throw new Fault(Errno.NOENT);
      }
      String guest = directory.preopenedAs().orElse("");
      String prefix = guest.endsWith("/") ? guest : guest + "/";
      if (path.startsWith(prefix) || !path.startsWith("/")) {
        String below = path.startsWith(prefix) ? path.substring(prefix.length()) : path;
        return directory.open(
            below, new Directory.Opening(false, false, false, false, true), true, false, 0);
      }
    }
  }
}
