package com.paiml.duende.adapter.wos.engine;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import run.endive.runtime.ImportValues;
import run.endive.runtime.Instance;
import run.endive.runtime.Memory;
import run.endive.wasm.types.MemoryLimits;

/** Makes instances of images, within the limits of their process. */
public final class Instances {

  private Instances() {}

  /**
   * Takes what an instance needs at its beginning from the account.
   *
   * @throws DaemonException {@link ErrorCode#RESOURCE_LIMIT} when that is more than the process may have
   */
  public static void reserve(String name, Image image, MemoryAccount account)
      throws DaemonException {
    long bytes = memoryAtStart(image) + tablesAtStart(image) * BoundedTable.BYTES_PER_ELEMENT;
    if (bytes > account.limit()) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          name,
          "begins with " + bytes + " bytes of memory, and may have " + account.limit(),
          "raise resources.memory, or build it with less");
    }
    if (!account.take(bytes)) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          name,
          "begins with "
              + bytes
              + " bytes of memory, more than is left of what all WebAssembly processes share",
          "stop others, or give the container a larger -Xmx");
    }
  }

  private static long memoryAtStart(Image image) {
    return image
        .module()
        .memorySection()
        .filter(m -> m.memoryCount() > 0)
        .map(m -> (long) m.getMemory(0).limits().initialPages() * Memory.PAGE_SIZE)
        .orElse(0L);
  }

  private static long tablesAtStart(Image image) {
    long elements = 0;
    for (int i = 0; i < image.module().tableSection().tableCount(); i++) {
      elements += image.module().tableSection().getTable(i).limits().min();
    }
    return elements;
  }

  /**
   * Makes an instance on the thread of its process, and runs the module's start function, but not {@code _start}.
   * Throws whatever the runtime throws for a module whose segments do not fit or whose start function traps.
   */
  public static Instance create(
      Image image, ImportValues imports, MemoryAccount account, Suspension suspension) {
    return Instance.builder(image.module())
        .withImportValues(imports)
        .withMachineFactory(image.machines())
        .withStart(false)
        .withMemoryFactory(
            declared -> new GuestMemory(bounded(declared, account.limit()), account, suspension))
        .withTableFactory((table, initial) -> new BoundedTable(table, initial, account))
        .build();
  }

  private static MemoryLimits bounded(MemoryLimits declared, long limit) {
    int most = (int) Math.min(limit / Memory.PAGE_SIZE, Memory.RUNTIME_MAX_PAGES);
    return new MemoryLimits(
        declared.initialPages(),
        Math.max(declared.initialPages(), Math.min(declared.maximumPages(), most)),
        declared.shared());
  }
}
