/** What adapters that start programs have in common: where a program's file is, and how its processes are known again. */
@NullMarked
package com.paiml.duende.support.program;

import org.jspecify.annotations.NullMarked;
