package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.engine.Budget;
import com.paiml.duende.adapter.wos.engine.CodeStore;
import com.paiml.duende.adapter.wos.sched.Rules;
import java.util.Optional;

/**
 * The size of a kernel.
 *
 * @param rules of its scheduler
 * @param processes most at once, zombies included
 * @param zombies most that are kept for parents that do not ask
 * @param budget memory of all processes together
 * @param moduleSize of the largest module that is taken, in bytes
 * @param cacheSize sum of the sizes of the modules whose compiled code is kept, in bytes
 * @param files of the host that may be open at once; a quarter of them for one session
 * @param store where compiled code is kept across starts of the JVM; empty: nowhere
 * @param stackSize of each process's thread, in bytes; only what is used of it costs memory
 */
public record KernelOptions(
    Rules rules,
    int processes,
    int zombies,
    Budget budget,
    long moduleSize,
    long cacheSize,
    Budget files,
    Optional<CodeStore> store,
    long stackSize) {

  /** Linux gives a service 1024 at first and half a million at most; what the container itself needs is far less. */
  private static final long FILES = 4096;

  /** {@return the documented sizes} */
  public static KernelOptions standard(int slots) {
    return new KernelOptions(
        Rules.standard(slots),
        1000,
        100,
        Budget.halfOfTheHeap(),
        64L << 20,
        64L << 20,
        new Budget(FILES),
        Optional.empty(),
        1L << 20);
  }

  public KernelOptions withStore(CodeStore other) {
    return new KernelOptions(
        rules,
        processes,
        zombies,
        budget,
        moduleSize,
        cacheSize,
        files,
        Optional.of(other),
        stackSize);
  }

  public KernelOptions withFiles(long most) {
    return new KernelOptions(
        rules,
        processes,
        zombies,
        budget,
        moduleSize,
        cacheSize,
        new Budget(most),
        store,
        stackSize);
  }

  public KernelOptions withBudget(Budget other) {
    return new KernelOptions(
        rules, processes, zombies, other, moduleSize, cacheSize, files, store, stackSize);
  }
}
