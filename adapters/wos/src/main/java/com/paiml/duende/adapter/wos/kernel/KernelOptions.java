package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.engine.HeapBudget;
import com.paiml.duende.adapter.wos.sched.Rules;

/**
 * The size of a kernel.
 *
 * @param rules of its scheduler
 * @param processes most at once, zombies included
 * @param zombies most that are kept for parents that do not ask
 * @param budget memory of all processes together
 * @param moduleSize of the largest module that is taken, in bytes
 * @param cacheSize sum of the sizes of the modules whose compiled code is kept, in bytes
 * @param stackSize of each process's thread, in bytes; only what is used of it costs memory
 */
public record KernelOptions(
    Rules rules,
    int processes,
    int zombies,
    HeapBudget budget,
    long moduleSize,
    long cacheSize,
    long stackSize) {

  /** {@return the documented sizes} */
  public static KernelOptions standard(int slots) {
    return new KernelOptions(
        Rules.standard(slots),
        1000,
        100,
        HeapBudget.halfOfTheHeap(),
        64L << 20,
        128L << 20,
        1L << 20);
  }

  public KernelOptions withBudget(HeapBudget other) {
    return new KernelOptions(rules, processes, zombies, other, moduleSize, cacheSize, stackSize);
  }
}
