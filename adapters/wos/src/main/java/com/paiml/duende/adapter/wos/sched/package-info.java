/**
 * Who runs next: the scheduling policy of WOS, apart from threads, locks and clocks.
 *
 * <p>Nothing here reads a clock or starts a thread. The caller says what happened and when, in nanoseconds
 * of any monotonic clock, and is told who runs, who is asked to yield, and when to ask again. The same
 * events at the same times give the same answers, so the whole policy is tested on a simulated clock.
 */
@NullMarked
package com.paiml.duende.adapter.wos.sched;

import org.jspecify.annotations.NullMarked;
