package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.engine.Budget;
import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.fs.Directory;
import com.paiml.duende.adapter.wos.fs.OpenFile;
import com.paiml.duende.adapter.wos.fs.RegularFile;
import com.paiml.duende.adapter.wos.fs.WaitQueue;
import com.paiml.duende.adapter.wos.kernel.Session;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.api.DaemonException;
import java.util.concurrent.CompletableFuture;

/** Modules that processes start: found like any other file that they may read, compiled while others run. */
final class ModuleFiles {

  private static final int PIECE = 64 * 1024;
  private static final int FIRST_PREOPEN = 3;

  private ModuleFiles() {}

  static Image load(WasmProcess process, String path) throws Fault {
    Session session = process.session();
    while (!session.mayCompile()) {
      process.await(session.compilers(), session::hasRoomToCompile);
    }
    CompletableFuture<Image> coming;
    boolean begun = false;
    try {
      coming = begin(process, path);
      begun = true;
    } finally {
      if (!begun) {
        session.compiled();
      }
    }
    WaitQueue done = new WaitQueue();
    var _ = coming.whenComplete((image, fault) -> session.compiled());
    var _ = coming.whenComplete((image, fault) -> done.wakeAll());
    process.await(done, coming::isDone);
    if (coming.isCompletedExceptionally()) {
      throw new Fault(Errno.NOEXEC);
    }
    return coming.join();
  }

  private static CompletableFuture<Image> begin(WasmProcess process, String path) throws Fault {
    OpenFile file = open(process, path);
    try {
      if (!(file instanceof RegularFile module)) {
        throw new Fault(Errno.ACCES);
      }
      if (module.size() > process.kernel().options().moduleSize()) {
        throw new Fault(Errno.FBIG);
      }
      return begin(process, path, module);
    } finally {
      file.release();
    }
  }

  /** Until it has been compiled the file is held in the heap, at the expense of who wants it. */
  private static CompletableFuture<Image> begin(
      WasmProcess process, String path, RegularFile module) throws Fault {
    Budget memory = process.session().allowance().memory();
    long size = module.size();
    if (!memory.take(size)) {
      throw new Fault(Errno.NOMEM);
    }
    boolean begun = false;
    try {
      CompletableFuture<Image> coming =
          process.kernel().images().begin(path, read(process, module, (int) size));
      begun = true;
      var _ = coming.whenComplete((image, fault) -> memory.giveBack(size));
      return coming;
    } catch (DaemonException e) {
      throw new Fault(Errno.AGAIN);
    } finally {
      if (!begun) {
        memory.giveBack(size);
      }
    }
  }

  private static byte[] read(WasmProcess process, RegularFile module, int size) throws Fault {
    byte[] all = new byte[size];
    int filled = 0;
    while (filled < size) {
      process.breathe();
      int n = module.pread(all, filled, Math.min(PIECE, size - filled), filled);
      if (n <= 0) {
        // It has become shorter.
        throw new Fault(Errno.NOEXEC);
      }
      filled += n;
    }
    return all;
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
