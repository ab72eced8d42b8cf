"""Makes every fixture again, or those whose scripts are named: make.py [umt5 vae ...]."""
import importlib
import sys

SCRIPTS = ["umt5", "vae", "transformer", "scheduler", "original_names", "lora", "text", "byte_pairs", "chat",
           "qwen_processor", "qwen2_5_vl", "published", "pipeline", "resample"]

for script in sys.argv[1:] or SCRIPTS:
    print(script, flush=True)
    importlib.import_module(script).main()
