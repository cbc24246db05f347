set pagination off
set confirm off
set debuginfod enabled off
heddle fibers
heddle bt all
