package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.engine.Budget;

/**
 * What the files, pipes, queues and listings of one session may take.
 *
 * @param memory in bytes of the JVM's heap
 * @param files of the host that are open at once
 */
public record Allowance(Budget memory, Budget files) {}
